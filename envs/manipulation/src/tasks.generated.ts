// Written by "npm run gen" from the files in tasks/. Do not edit.
import { composed } from "./tasks/composed.ts";
import { cubeInDrawer } from "./tasks/cube-in-drawer.ts";
import { pickCube } from "./tasks/pick-cube.ts";
import { pressThenPlace } from "./tasks/press-then-place.ts";
import { sortByColour } from "./tasks/sort-by-colour.ts";
import { stackCubes } from "./tasks/stack-cubes.ts";

export const tasks = [composed, cubeInDrawer, pickCube, pressThenPlace, sortByColour, stackCubes] as const;
