"""The rules engine: types and fields of pages by labels, layout, arithmetic and codes.

Pure Python without a model: what the system works with when no language model is configured,
and what a model's answer is held against.
"""

from ingestion.engines.rules.classifier import RulesClassifier
from ingestion.engines.rules.extractor import RulesExtractor

__all__ = ["RulesClassifier", "RulesExtractor"]
