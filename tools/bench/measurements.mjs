/** Every measurement, with the module under `suites/` that holds it. */
export const MEASUREMENTS = {
  "pick-cube-state": "pick-cube",
  "pick-cube-camera": "pick-cube",
  "snapshot-restore": "world",
  "camera-128": "world",
  reset: "world",
  "camera-peers": "cameras",
  "camera-channels": "cameras",
  "camera-224": "cameras",
  "camera-pool": "cameras",
  "match-10": "matching",
  "match-40": "matching",
  "score-text": "matching",
  "train-1-thread": "training",
  "train-2-threads": "training",
  "train-peers": "training",
  "decode-16": "training",
};
