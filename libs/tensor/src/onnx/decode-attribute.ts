// AttributeProto to OnnxAttribute.

import { InputError } from "@reverie/core";
import { readTensor } from "./decode-tensor.ts";
import type { ExternalSource } from "./decode-tensor.ts";
import { ATTRIBUTE, ATTRIBUTE_TYPE } from "./fields.ts";
import { checkCount, MAX_ATTRIBUTE_VALUES, MAX_NAME_BYTES, MAX_STRING_BYTES, shownName } from "./limits.ts";
import type { HostTensor, OnnxAttribute } from "./model.ts";
import type { ProtoReader } from "./protobuf.ts";

type Kind = OnnxAttribute["kind"];

const KINDS: ReadonlyMap<number, Kind> = new Map((Object.keys(ATTRIBUTE_TYPE) as Kind[]).map((kind) => [ATTRIBUTE_TYPE[kind], kind]));

/** Attribute types that are not held here, for errors. */
const OTHER_KINDS: ReadonlyMap<number, string> = new Map([
  [5, "a subgraph"],
  [9, "a list of tensors"],
  [10, "a list of subgraphs"],
  [11, "a sparse tensor"],
  [12, "a list of sparse tensors"],
  [13, "a type"],
  [14, "a list of types"],
]);

/**
 * An attribute with its name; `node` is the node's path in errors.
 * @throws InputError naming node and attribute for types that are not held here, such as subgraphs
 */
export function readAttribute(reader: ProtoReader, node: string, source: ExternalSource): [string, OnnxAttribute] {
  const { name, type, isReference } = readHeader(reader.again());
  const path = `${node} attribute ${shownName(name)}`;
  if (isReference) throw new InputError(path, `refers to an attribute of a function; allowed are values.`);
  const kind = KINDS.get(type);
  if (kind === undefined) {
    const found = OTHER_KINDS.get(type) ?? `of type ${type}`;
    throw new InputError(path, `is ${found}; allowed are numbers, strings, lists of them, and tensors.`);
  }
  return [name, readValue(reader, path, kind, source)];
}

/** Name and type, which are needed to read the value and may come after it. */
function readHeader(reader: ProtoReader): { name: string; type: number; isReference: boolean } {
  let name = "";
  let type = 0;
  let isReference = false;
  while (reader.next()) {
    if (reader.field === ATTRIBUTE.name) name = reader.string(MAX_NAME_BYTES);
    else if (reader.field === ATTRIBUTE.type) type = reader.integer();
    else if (reader.field === ATTRIBUTE.reference) isReference = reader.string(MAX_NAME_BYTES) !== "" || isReference;
    else reader.skip();
  }
  return { name, type, isReference };
}

function readValue(reader: ProtoReader, path: string, kind: Kind, source: ExternalSource): OnnxAttribute {
  switch (kind) {
    case "int":
      return { kind, value: last(reader, ATTRIBUTE.int, () => reader.integer()) ?? 0 };
    case "float":
      return { kind, value: last(reader, ATTRIBUTE.float, () => reader.float()) ?? 0 };
    case "string":
      return { kind, value: last(reader, ATTRIBUTE.string, () => reader.string(MAX_STRING_BYTES)) ?? "" };
    case "tensor": {
      const tensor = last(reader, ATTRIBUTE.tensor, () => readTensor(reader.message(), path, source));
      if (tensor === undefined) throw new InputError(path, `has no tensor.`);
      const { dtype, shape, data } = tensor;
      return { kind, value: { dtype, shape, data } satisfies HostTensor };
    }
    case "ints":
      return { kind, value: list<number>(reader, ATTRIBUTE.ints, path, (each) => reader.integers(each)) };
    case "floats":
      return { kind, value: list<number>(reader, ATTRIBUTE.floats, path, (each) => reader.floats(each)) };
    case "strings":
      return { kind, value: list<string>(reader, ATTRIBUTE.strings, path, (each) => each(reader.string(MAX_STRING_BYTES))) };
  }
}

/** The field's last value, as protobuf has it for a field that is not repeated; undefined when it is absent. */
function last<Value>(reader: ProtoReader, field: number, read: () => Value): Value | undefined {
  let value: Value | undefined;
  while (reader.next()) {
    if (reader.field === field) value = read();
    else reader.skip();
  }
  return value;
}

function list<Value>(reader: ProtoReader, field: number, path: string, read: (each: (value: Value) => void) => void): Value[] {
  const values: Value[] = [];
  while (reader.next()) {
    if (reader.field !== field) {
      reader.skip();
      continue;
    }
    read((value) => {
      checkCount(path, values.length + 1, MAX_ATTRIBUTE_VALUES);
      values.push(value);
    });
  }
  return values;
}
