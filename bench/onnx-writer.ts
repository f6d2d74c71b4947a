/**
 * Writes an ONNX file: the few messages of its protocol buffers that a chain of dense layers needs.
 *
 * Field numbers are those of onnx.proto3, https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3. The npm package with
 * the generated code, onnx-proto, stands on protobufjs 6; sixty lines need neither.
 */

export interface GraphNode {
  readonly operator: string;
  readonly inputs: readonly string[];
  readonly output: string;
}

export interface Weights {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/** A float32 input or output of shape `[batch, width]`, with an open batch. */
export interface GraphEdge {
  readonly name: string;
  readonly width: number;
}

export interface Graph {
  readonly name: string;
  readonly nodes: readonly GraphNode[];
  readonly weights: readonly Weights[];
  readonly input: GraphEdge;
  readonly output: GraphEdge;
}

const IR_VERSION = 8;
const OPSET = 13;
const FLOAT = 1;

/** @returns the bytes of a ModelProto */
export function encodeOnnx(graph: Graph): Buffer {
  return message(
    number(1, IR_VERSION),
    text(2, 'millrace-bench'),
    nested(7, encodeGraph(graph)),
    nested(8, message(number(2, OPSET))),
  );
}

function encodeGraph({ name, nodes, weights, input, output }: Graph): Buffer {
  return message(
    ...nodes.map((node) => nested(1, encodeNode(node))),
    text(2, name),
    ...weights.map((one) => nested(5, encodeTensor(one))),
    nested(11, encodeEdge(input)),
    nested(12, encodeEdge(output)),
  );
}

function encodeNode({ operator, inputs, output }: GraphNode): Buffer {
  return message(...inputs.map((input) => text(1, input)), text(2, output), text(4, operator));
}

function encodeTensor({ name, shape, values }: Weights): Buffer {
  const raw = Buffer.from(values.buffer, values.byteOffset, values.byteLength);
  return message(...shape.map((size) => number(1, size)), number(2, FLOAT), text(8, name), nested(9, raw));
}

function encodeEdge({ name, width }: GraphEdge): Buffer {
  const shape = message(nested(1, message(text(2, 'batch'))), nested(1, message(number(1, width))));
  const tensorType = message(number(1, FLOAT), nested(2, shape));
  return message(text(1, name), nested(2, message(nested(1, tensorType))));
}

function message(...fields: readonly Buffer[]): Buffer {
  return Buffer.concat(fields);
}

function number(field: number, value: number): Buffer {
  return Buffer.from([...varint(field << 3), ...varint(value)]);
}

function text(field: number, value: string): Buffer {
  return nested(field, Buffer.from(value));
}

function nested(field: number, bytes: Buffer): Buffer {
  return Buffer.concat([Buffer.from([...varint((field << 3) | 2), ...varint(bytes.length)]), bytes]);
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  return [...bytes, rest];
}
