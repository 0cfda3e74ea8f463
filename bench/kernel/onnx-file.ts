import protobuf from 'protobufjs';

/** A node's attribute: an integer, a float, integers, or a string. */
export type Attribute = number | { readonly float: number } | readonly number[] | string;

/** An operator's place in a graph. */
export interface OnnxNode {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly output: string;
  readonly attributes?: Readonly<Record<string, Attribute>>;
}

/** A float tensor, row-major. */
export interface OnnxTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** A graph of one input and one output, both float tensors. */
export interface OnnxGraph {
  readonly input: { readonly name: string; readonly shape: readonly number[] };
  readonly output: { readonly name: string; readonly shape: readonly number[] };
  readonly nodes: readonly OnnxNode[];
  readonly tensors: readonly OnnxTensor[];
}

const opset = 13;
const irVersion = 8;
const floatType = 1;

/** The part of onnx.proto that a float graph needs. */
const schema = protobuf
  .parse(
    `
  syntax = "proto2";
  message Attribute { required string name = 1; optional float f = 2; optional int64 i = 3; optional bytes s = 4; repeated int64 ints = 8; required int32 type = 20; }
  message Node { repeated string input = 1; repeated string output = 2; required string op_type = 4; repeated Attribute attribute = 5; }
  message Tensor { repeated int64 dims = 1; required int32 data_type = 2; required string name = 8; required bytes raw_data = 9; }
  message Dimension { required int64 dim_value = 1; }
  message Shape { repeated Dimension dim = 1; }
  message TensorType { required int32 elem_type = 1; required Shape shape = 2; }
  message Type { required TensorType tensor_type = 1; }
  message Value { required string name = 1; required Type type = 2; }
  message Graph { repeated Node node = 1; required string name = 2; repeated Tensor initializer = 5; repeated Value input = 11; repeated Value output = 12; }
  message OperatorSet { required string domain = 1; required int64 version = 2; }
  message Model { required int64 ir_version = 1; required Graph graph = 7; repeated OperatorSet opset_import = 8; }
`,
    { keepCase: true },
  )
  .root.lookupType('Model');

/** Encodes a graph as an ONNX file. */
export function writeOnnx({ input, output, nodes, tensors }: OnnxGraph): Uint8Array {
  const graph = {
    name: 'graph',
    node: nodes.map(({ op, inputs, output: to, attributes = {} }) => ({
      op_type: op,
      input: inputs,
      output: [to],
      attribute: Object.entries(attributes).map(encodeAttribute),
    })),
    initializer: tensors.map(({ name, shape, data }) => ({
      name,
      dims: shape,
      data_type: floatType,
      raw_data: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
    })),
    input: [encodeValue(input)],
    output: [encodeValue(output)],
  };
  const model = { ir_version: irVersion, graph, opset_import: [{ domain: '', version: opset }] };
  return schema.encode(schema.fromObject(model)).finish();
}

function encodeAttribute([name, value]: readonly [string, Attribute]): Record<string, unknown> {
  if (typeof value === 'number') return { name, i: value, type: 2 };
  if (typeof value === 'string') return { name, s: Buffer.from(value), type: 3 };
  return 'float' in value ? { name, f: value.float, type: 1 } : { name, ints: value, type: 7 };
}

function encodeValue({ name, shape }: OnnxGraph['input']): Record<string, unknown> {
  const dim = shape.map((size) => ({ dim_value: size }));
  return { name, type: { tensor_type: { elem_type: floatType, shape: { dim } } } };
}
