// Field numbers of ONNX's messages that are read or written (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto).

/** ModelProto. */
export const MODEL = { irVersion: 1, producer: 2, graph: 7, opset: 8, metadata: 14, functions: 25 } as const;

/** OperatorSetIdProto. */
export const OPSET = { domain: 1, version: 2 } as const;

/** StringStringEntryProto. */
export const ENTRY = { key: 1, value: 2 } as const;

/** GraphProto. */
export const GRAPH = { node: 1, name: 2, initializer: 5, input: 11, output: 12, sparseInitializer: 15 } as const;

/** NodeProto. */
export const NODE = { input: 1, output: 2, name: 3, operator: 4, attribute: 5, domain: 7 } as const;

/** AttributeProto. */
export const ATTRIBUTE = {
  name: 1,
  float: 2,
  int: 3,
  string: 4,
  tensor: 5,
  floats: 7,
  ints: 8,
  strings: 9,
  type: 20,
  reference: 21,
} as const;

/** AttributeProto.AttributeType, by the names of OnnxAttribute's kinds. */
export const ATTRIBUTE_TYPE = { float: 1, int: 2, string: 3, tensor: 4, floats: 6, ints: 7, strings: 8 } as const;

/** TensorProto. */
export const TENSOR = {
  shape: 1,
  dtype: 2,
  segment: 3,
  floatData: 4,
  int32Data: 5,
  stringData: 6,
  int64Data: 7,
  name: 8,
  rawData: 9,
  doubleData: 10,
  uint64Data: 11,
  externalData: 13,
  dataLocation: 14,
} as const;

/** TensorProto.DataLocation.EXTERNAL. */
export const EXTERNAL_LOCATION = 1;

/** ValueInfoProto, and TypeProto's one kind that is held here. */
export const VALUE = { name: 1, type: 2, tensorType: 1 } as const;

/** TypeProto.Tensor, and TensorShapeProto's one field. */
export const TENSOR_TYPE = { dtype: 1, shape: 2, dimension: 1 } as const;

/** TensorShapeProto.Dimension. */
export const DIMENSION = { size: 1, name: 2 } as const;
