import { InputError } from "@reverie/core";
import { elementCount, holdsDType } from "./dtype.ts";
import type { DType, HostArray, HostTensor } from "./model.ts";

function dtypeOf(data: HostArray): DType {
  if (data instanceof Float32Array) return "float32";
  if (data instanceof Float64Array) return "float64";
  if (data instanceof Int32Array) return "int32";
  if (data instanceof BigInt64Array) return "int64";
  if (data instanceof Uint8Array) return "uint8";
  if (data instanceof Int8Array) return "int8";
  if (data instanceof Uint16Array) return "uint16";
  if (data instanceof Int16Array) return "int16";
  if (data instanceof Uint32Array) return "uint32";
  return "uint64";
}

/**
 * Numbers with a shape, for feeding a model. The array is not copied.
 * @param shape - default one axis
 * @param dtype - default by the array's class; needed for bool (Uint8Array of 0 and 1) and float16 (bits in a Uint16Array)
 * @throws InputError when the array does not fill the shape or does not hold the dtype
 */
export function hostTensor(data: HostArray, shape: readonly number[] = [data.length], dtype: DType = dtypeOf(data)): HostTensor {
  if (!holdsDType(dtype, data)) throw new InputError("dtype", `a ${data.constructor.name} does not hold ${dtype}.`);
  const count = elementCount(shape);
  if (data.length !== count) throw new InputError("shape", `[${shape.join(", ")}] holds ${count} elements, got ${data.length}.`);
  return { dtype, shape, data };
}
