from rapport.touchpoints.permission.models.consents import Consent, ConsentsTold, LinkRevocation
from rapport.touchpoints.permission.models.evidence import Evidence, EvidenceProof
from rapport.touchpoints.permission.models.permits import IssuedPermit
from rapport.touchpoints.permission.models.settings import FrequencyCap, OwnPurpose, QuietHours, Wording

__all__ = [
    "Consent",
    "ConsentsTold",
    "Evidence",
    "EvidenceProof",
    "FrequencyCap",
    "IssuedPermit",
    "LinkRevocation",
    "OwnPurpose",
    "QuietHours",
    "Wording",
]
