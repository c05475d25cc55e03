"""What is typed on the pages of prompts in the admin."""

from typing import Any

from django import forms
from django.conf import settings
from django.http import HttpRequest

from documents import prompts
from documents.admin import operates
from documents.language import Prompt, Purpose
from documents.models import Project, Role


class PromptForm(forms.ModelForm[Prompt]):
    """What a version says. A valid one is not saved by the form: `prompts.create_version` is
    what makes versions."""

    class Meta:
        model = Prompt
        fields = list(prompts.FIELDS)
        widgets = {
            "template": forms.Textarea(attrs={"rows": 24, "cols": 90, "spellcheck": "false"}),
            "model": forms.TextInput(attrs={"size": 40}),
        }
        labels = {
            "template": "What the model is told",
            "max_input_tokens": "Tokens in, at most",
            "max_output_tokens": "Tokens out, at most",
            "json_mode": "How it is made to answer in JSON",
            "sees_images": "It sees the pages",
            "examples": "Examples",
        }

    activate = forms.BooleanField(
        required=False, label="Use it at once", help_text="Else it rests until it is activated."
    )

    def __init__(self, *args: Any, purpose: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.purpose = purpose
        self.fields["model"].help_text = f"Empty: {settings.MODEL}, as the settings say."
        self.fields["temperature"].help_text = "0 to 2; 0 gives the same answer again."

    def clean_template(self) -> str:
        """As every text of the database, with line breaks of one kind."""
        template = str(self.cleaned_data["template"]).replace("\r\n", "\n")
        prompts.check_template(self.purpose, template)
        return template

    def values(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in prompts.FIELDS}


class NewForm(forms.Form):
    """For what, and for whom, a prompt is begun; for all projects by superusers alone."""

    purpose = forms.ChoiceField(choices=Purpose)
    project = forms.ModelChoiceField(
        Project.objects.none(), required=False, empty_label="all projects without one of their own"
    )

    def __init__(self, *args: Any, request: HttpRequest, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        chosen: Any = self.fields["project"]
        chosen.queryset = Project.objects.open_to(request.user, Role.OPERATOR)
        if not operates(request, None):
            chosen.required, chosen.empty_label = True, "–"
