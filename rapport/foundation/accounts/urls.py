from django.urls import path

from rapport.foundation.accounts.views import front, people, workspaces

app_name = "accounts"
urlpatterns = [
    path("", front.front, name="front"),
    path("account/", people.profile, name="profile"),
    path("account/workspaces/new/", workspaces.new_workspace, name="new-workspace"),
]
