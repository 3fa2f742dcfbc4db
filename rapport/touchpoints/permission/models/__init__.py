from rapport.touchpoints.permission.models.evidence import Evidence, EvidenceProof
from rapport.touchpoints.permission.models.permits import IssuedPermit
from rapport.touchpoints.permission.models.settings import FrequencyCap, OwnPurpose, QuietHours, Wording

__all__ = ["Evidence", "EvidenceProof", "FrequencyCap", "IssuedPermit", "OwnPurpose", "QuietHours", "Wording"]
