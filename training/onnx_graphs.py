"""Small pieces of ONNX graphs, written by hand, that mirror fitted scikit-learn estimators.

A `GraphBuilder` collects nodes and constants. Each piece takes the name of a tensor and returns the name of the tensor
it makes. Weights are float32; [N, ...] is a batch of N rows.
"""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

OPSET = 17
ML_OPSET = 3
IR_VERSION = 8
"""Versions that onnx 1.12 writes and that ONNX Runtime 1.30 reads."""

DATATYPES = {TensorProto.FLOAT: "float32", TensorProto.STRING: "string"}


class GraphBuilder:
    """A graph in the making."""

    def __init__(self, name: str):
        self._name = name
        self._nodes = []
        self._constants = []
        self._inputs = []
        self._declared = []

    def input(self, name: str, element_type: int, width: int) -> str:
        """A graph input of shape [N, width]."""
        self._inputs.append(helper.make_tensor_value_info(name, element_type, ["N", width]))
        return name

    def constant(self, name: str, value: np.ndarray) -> str:
        self._constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def floats(self, name: str, value) -> str:
        return self.constant(name, np.asarray(value, dtype=np.float32))

    def node(self, operator: str, inputs: list[str], output: str, **attributes) -> str:
        self._nodes.append(helper.make_node(operator, inputs, [output], name=output, **attributes))
        return output

    def declare(self, name: str, width: int) -> None:
        """Tells the checker that `name` is float32 [N, 1, width], which it cannot infer from ai.onnx.ml operators."""
        self._declared.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", 1, width]))

    def finish(self, output: str, width: int) -> onnx.ModelProto:
        """The checked model with one float32 output of shape [N, width]."""
        outputs = [helper.make_tensor_value_info(output, TensorProto.FLOAT, ["N", width])]
        graph = helper.make_graph(
            self._nodes, self._name, self._inputs, outputs, self._constants, value_info=self._declared
        )
        opsets = [helper.make_opsetid("", OPSET)]
        if any(node.domain == "ai.onnx.ml" for node in self._nodes):
            opsets.append(helper.make_opsetid("ai.onnx.ml", ML_OPSET))
        model = helper.make_model(graph, producer_name="millrace", opset_imports=opsets, ir_version=IR_VERSION)
        onnx.checker.check_model(model, full_check=True)
        return model


def standard_scaler(builder: GraphBuilder, values: str, scaler) -> str:
    """[N, F] -> [N, F]: `(values - mean) / scale` of a fitted StandardScaler."""
    centered = builder.node("Sub", [values, builder.floats("mean", scaler.mean_)], "centered")
    return builder.node("Div", [centered, builder.floats("scale", scaler.scale_)], "scaled")


def impute(builder: GraphBuilder, values: str, imputer) -> str:
    """[N, F] -> [N, F + M]: a fitted SimpleImputer with an indicator.

    NaN becomes the column's statistic; M further columns, one for each that lacked values in training, hold 1 where
    the value was NaN and 0 elsewhere.
    """
    absent = builder.node("IsNaN", [values], "absent")
    filled = builder.node("Where", [absent, builder.floats("fill", imputer.statistics_), values], "filled")
    columns = builder.constant("indicator_columns", imputer.indicator_.features_.astype(np.int64))
    flags = builder.node("Gather", [absent, columns], "absent_flags", axis=1)
    indicator = builder.node("Cast", [flags], "indicator", to=TensorProto.FLOAT)
    return concat(builder, [filled, indicator], "imputed")


def one_hot(builder: GraphBuilder, category: str, known: list[str]) -> str:
    """strings [N, 1] -> [N, K]: 1 in the column of the category; all zeros for an unknown one."""
    encoded = builder.node(
        "OneHotEncoder", [category], f"{category}_encoded", domain="ai.onnx.ml", cats_strings=known, zeros=1
    )
    builder.declare(encoded, len(known))
    return builder.node("Flatten", [encoded], f"{category}_columns", axis=1)


def concat(builder: GraphBuilder, parts: list[str], output: str) -> str:
    """[N, A], [N, B], ... -> [N, A + B + ...]."""
    return builder.node("Concat", parts, output, axis=1)


def linear(builder: GraphBuilder, values: str, weights: np.ndarray, bias: np.ndarray, output: str) -> str:
    """[N, F] -> [N, K]: `values @ weights + bias` with weights [F, K] and bias [K]."""
    names = [builder.floats(f"{output}_weights", weights), builder.floats(f"{output}_bias", bias)]
    return builder.node("Gemm", [values, *names], output)


def softmax(builder: GraphBuilder, logits: str) -> str:
    """[N, K] -> [N, K]: one probability a label."""
    return builder.node("Softmax", [logits], "probabilities", axis=1)


def tensor_specs(values) -> list[dict]:
    """The inputs or outputs of a graph in the manifest's words; the batch dimension is -1."""
    return [
        {
            "name": value.name,
            "datatype": DATATYPES[value.type.tensor_type.elem_type],
            "shape": [dim.dim_value or -1 for dim in value.type.tensor_type.shape.dim],
        }
        for value in values
    ]
