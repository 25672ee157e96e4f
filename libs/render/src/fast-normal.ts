import { exact, type Rng } from "@reverie/core";

// Layers of equal area under the normal density.
const LAYERS = 128;
/** Where the tail begins, and the area of each layer. */
const TAIL_START = 3.442619855899;
const LAYER_AREA = 9.91256303526217e-3;

/** Right edges of the layers, from the base (which stands for the tail as well) to the top, 0 last. */
const EDGES = new Float64Array(LAYERS + 1);
/** Share of each layer's width that lies under the density wholly. */
const SAFE = new Float64Array(LAYERS);

const density = (x: number): number => exact.exp(-0.5 * x * x);

EDGES[0] = LAYER_AREA / density(TAIL_START);
EDGES[1] = TAIL_START;
for (let i = 2; i < LAYERS; i++) {
  const before = EDGES[i - 1];
  EDGES[i] = Math.sqrt(-2 * exact.log(LAYER_AREA / before + density(before)));
}
for (let i = 0; i < LAYERS; i++) SAFE[i] = EDGES[i + 1] / EDGES[i];

/** The tail beyond `TAIL_START` (Marsaglia 1964). */
function tail(rng: Rng): number {
  for (;;) {
    const x = -exact.log(1 - rng.uniform()) / TAIL_START;
    const y = -exact.log(1 - rng.uniform());
    if (2 * y > x * x) return TAIL_START + x;
  }
}

/**
 * Standard normal draw, for noise on every pixel: the ziggurat of Marsaglia & Tsang (2000) in the form of Doornik (2005), which takes
 * the layer and the place in it from different bits. About ten times as fast as `Rng.normal`; the numbers are other ones.
 */
export function fastNormal(rng: Rng): number {
  for (;;) {
    const bits = rng.uint32() | 0;
    const layer = bits & (LAYERS - 1);
    // 25 bits as the centre of one of 2^25 cells of (-1, 1).
    const u = ((bits >> 7) + 0.5) / 16777216;
    const x = u * EDGES[layer];
    if (Math.abs(u) < SAFE[layer]) return x;
    if (layer === 0) return u < 0 ? -tail(rng) : tail(rng);
    const outer = density(EDGES[layer]);
    const inner = density(EDGES[layer + 1]);
    if (outer + rng.uniform() * (inner - outer) < density(x)) return x;
  }
}
