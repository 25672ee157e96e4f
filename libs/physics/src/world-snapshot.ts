import { InputError, packSections, sha256Hex, unpackSections, type SceneDescription } from "@reverie/core";

// What surrounds the engine's own state in a snapshot: which build and scene it belongs to, and whether its bytes are whole. The
// engine trusts its bytes: state of another scene, or with one flipped bit, can bring down its memory in a later step.

const digests = new WeakMap<SceneDescription, Uint8Array>();

const toBytes = (text: string): Uint8Array => Uint8Array.from(text, (letter) => letter.charCodeAt(0));

/** What bodies are called and what is painted on them: a state fits whatever they say. */
const ONLY_SEEN: ReadonlySet<string> = new Set(["category", "texture"]);

/** Letters that tell scenes apart by everything that physics sees; computed once for each scene object. */
function sceneDigest(scene: SceneDescription): Uint8Array {
  let digest = digests.get(scene);
  if (digest === undefined) {
    const text = JSON.stringify([scene.bodies, scene.joints, scene.gravity], (name, value: unknown) =>
      ONLY_SEEN.has(name) ? undefined : value,
    );
    digest = toBytes(sha256Hex(new TextEncoder().encode(text)).slice(0, 16));
    digests.set(scene, digest);
  }
  return digest;
}

/** FNV-1a over 32-bit words: every change of a single word changes it. */
function checksum(bytes: Uint8Array): number {
  const words = bytes.length >> 2;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let hash = 0x811c9dc5 ^ bytes.length;
  for (let i = 0; i < words; i++) hash = Math.imul(hash ^ view.getInt32(i * 4, true), 0x01000193);
  for (let i = words * 4; i < bytes.length; i++) hash = Math.imul(hash ^ bytes[i], 0x01000193);
  return hash >>> 0;
}

/** Packs a world's state. Equal arguments give equal bytes. */
export function packWorld(build: string, scene: SceneDescription, stepCount: number, rapier: Uint8Array): Uint8Array {
  const counts = new Uint8Array(12);
  const view = new DataView(counts.buffer);
  view.setFloat64(0, stepCount, true);
  view.setUint32(8, checksum(rapier), true);
  return packSections([
    ["build", toBytes(build)],
    ["scene", sceneDigest(scene)],
    ["counts", counts],
    ["rapier", rapier],
  ]);
}

/**
 * Reads what `packWorld` wrote; `rapier` is a copy.
 * @throws InputError when the bytes are no whole snapshot, or one of another build or scene
 */
export function unpackWorld(bytes: Uint8Array, build: string, scene: SceneDescription): { stepCount: number; rapier: Uint8Array } {
  const sections = unpackSections(bytes);
  const from = sections.get("build");
  const digest = sections.get("scene");
  const counts = sections.get("counts");
  const rapier = sections.get("rapier");
  if (from === undefined || digest === undefined || counts?.length !== 12 || rapier === undefined) {
    throw new InputError("snapshot", "lacks its build, scene, counts or rapier section; expected bytes that World.snapshot() returned.");
  }
  const name = String.fromCharCode(...from.subarray(0, 32));
  if (name !== build) throw new InputError("snapshot", `was taken with the ${name} build, this world runs the ${build} build.`);
  const own = sceneDigest(scene);
  if (digest.length !== own.length || digest.some((byte, i) => byte !== own[i])) {
    throw new InputError("snapshot", "was taken of another scene; a world goes back only to states of its own bodies and joints.");
  }
  const view = new DataView(counts.buffer, counts.byteOffset, 12);
  if (view.getUint32(8, true) !== checksum(rapier)) throw new InputError("snapshot", "is damaged: its checksum does not match.");
  return { stepCount: view.getFloat64(0, true), rapier: rapier.slice() };
}
