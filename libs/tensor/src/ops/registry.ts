import type { OperatorDefinition } from "../graph/operator.ts";
import { activationOperators } from "./activation.ts";
import { arithmeticOperators } from "./arithmetic.ts";
import { castOperators } from "./cast.ts";
import { indexingOperators } from "./indexing.ts";
import { joiningOperators } from "./joining.ts";
import { logicOperators } from "./logic.ts";
import { matmulOperators } from "./matmul.ts";
import { reduceOperators } from "./reduce.ts";
import { shapingOperators } from "./shaping.ts";

/** Every operator that graphs may hold, by its ONNX name. */
export const OPERATORS: ReadonlyMap<string, OperatorDefinition> = new Map(
  [
    ...activationOperators,
    ...arithmeticOperators,
    ...castOperators,
    ...indexingOperators,
    ...joiningOperators,
    ...logicOperators,
    ...matmulOperators,
    ...reduceOperators,
    ...shapingOperators,
  ].map((operator) => [operator.type, operator]),
);
