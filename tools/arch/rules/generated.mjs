// Generated files are what the generator would write now.

import { planGeneratedFiles, staleFiles } from "../../gen/generate.mjs";

/** @param {{ root: string }} workspace */
export function generated({ root }) {
  const { files, problems } = planGeneratedFiles(root);
  return [
    ...problems,
    ...staleFiles(root, files).map((path) => ({ path, line: 1, message: 'is not what the generator writes. Run "npm run gen".' })),
  ];
}
