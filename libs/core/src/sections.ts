import { InputError } from "./errors.ts";

const MAGIC = 0x31565652; // "RVV1" in little-endian order

/**
 * Packs named byte sections into one buffer: magic, count, then for each section its name length, name, byte length and
 * bytes, all integers little-endian. Used for snapshots: the same sections give the same bytes.
 */
export function packSections(sections: readonly (readonly [string, Uint8Array])[]): Uint8Array {
  const encoder = new TextEncoder();
  const names = sections.map(([name]) => encoder.encode(name));
  let size = 8;
  sections.forEach(([, bytes], i) => (size += 8 + names[i]!.length + bytes.length));
  const out = new Uint8Array(size);
  const view = new DataView(out.buffer);
  view.setUint32(0, MAGIC, true);
  view.setUint32(4, sections.length, true);
  let offset = 8;
  sections.forEach(([, bytes], i) => {
    const name = names[i]!;
    view.setUint32(offset, name.length, true);
    out.set(name, offset + 4);
    offset += 4 + name.length;
    view.setUint32(offset, bytes.length, true);
    out.set(bytes, offset + 4);
    offset += 4 + bytes.length;
  });
  return out;
}

function fail(problem: string): never {
  throw new InputError("snapshot", `${problem}; expected bytes that snapshot() returned.`);
}

/**
 * Reads what `packSections` wrote. Sections are views on the input, not copies.
 * @throws InputError when the bytes are no such pack or are cut short
 */
export function unpackSections(bytes: Uint8Array): Map<string, Uint8Array> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 8 || view.getUint32(0, true) !== MAGIC) fail("does not start with the snapshot mark");
  const count = view.getUint32(4, true);
  const sections = new Map<string, Uint8Array>();
  const decoder = new TextDecoder();
  let offset = 8;
  const take = (): Uint8Array => {
    if (offset + 4 > bytes.length) fail(`ends at byte ${bytes.length} inside a length`);
    const length = view.getUint32(offset, true);
    if (offset + 4 + length > bytes.length)
      fail(`section at byte ${offset} claims ${length} bytes but only ${bytes.length - offset - 4} follow`);
    const part = bytes.subarray(offset + 4, offset + 4 + length);
    offset += 4 + length;
    return part;
  };
  for (let i = 0; i < count; i++) {
    const name = decoder.decode(take());
    sections.set(name, take());
  }
  return sections;
}
