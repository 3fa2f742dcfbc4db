from rapport.insight.mining.models.answers import Answer, CustomerSet, SavedFunnel, SetMember, State
from rapport.insight.mining.models.patterns import Pattern, PatternRun

__all__ = ["Answer", "CustomerSet", "Pattern", "PatternRun", "SavedFunnel", "SetMember", "State"]
