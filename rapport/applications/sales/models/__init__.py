from rapport.applications.sales.models.deals import Deal, DealLine, DealPerson, DealStage
from rapport.applications.sales.models.pipelines import Pipeline, Stage

__all__ = ["Deal", "DealLine", "DealPerson", "DealStage", "Pipeline", "Stage"]
