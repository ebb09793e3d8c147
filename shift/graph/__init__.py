"""Models, sources and tests as one graph: who reads whom, in which order they run, and in which order tables load."""

from shift.graph.load_order import objects_in_load_order, staging_models
from shift.graph.nodes import DataTest, Graph, Model
from shift.graph.reader import read_graph
from shift.graph.selectors import Selection, select
from shift.graph.staged import staging_model

__all__ = [
    "DataTest",
    "Graph",
    "Model",
    "Selection",
    "objects_in_load_order",
    "read_graph",
    "select",
    "staging_model",
    "staging_models",
]
