from django.urls import path

from rapport.foundation.accounts.views import front

app_name = "accounts"
urlpatterns = [path("", front.front, name="front")]
