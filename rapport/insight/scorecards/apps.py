from django.apps import AppConfig


class ScorecardsConfig(AppConfig):
    name = "rapport.insight.scorecards"
    label = "scorecards"
    verbose_name = "Scorecards"
