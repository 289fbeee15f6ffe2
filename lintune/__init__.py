"""lintune: the pre-flight linter and static analyser of LLM and VLM fine-tuning launches."""

__version__ = "0.1.0"
