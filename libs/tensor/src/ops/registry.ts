import type { OperatorDefinition } from "../graph/operator.ts";
import { activationOperators } from "./activation.ts";
import { arithmeticOperators } from "./arithmetic.ts";
import { bitwiseOperators } from "./bitwise.ts";
import { castOperators } from "./cast.ts";
import { convolutionOperators } from "./convolution.ts";
import { dropoutOperators } from "./dropout.ts";
import { indexingOperators } from "./indexing.ts";
import { joiningOperators } from "./joining.ts";
import { logicOperators } from "./logic.ts";
import { lossOperators } from "./loss.ts";
import { matmulOperators } from "./matmul.ts";
import { normalisationOperators } from "./normalisation.ts";
import { poolingOperators } from "./pooling.ts";
import { reduceOperators } from "./reduce.ts";
import { shapingOperators } from "./shaping.ts";

/** Every operator that graphs may hold, by its ONNX name. */
export const OPERATORS: ReadonlyMap<string, OperatorDefinition> = new Map(
  [
    ...activationOperators,
    ...arithmeticOperators,
    ...bitwiseOperators,
    ...castOperators,
    ...convolutionOperators,
    ...dropoutOperators,
    ...indexingOperators,
    ...joiningOperators,
    ...logicOperators,
    ...lossOperators,
    ...matmulOperators,
    ...normalisationOperators,
    ...poolingOperators,
    ...reduceOperators,
    ...shapingOperators,
  ].map((operator) => [operator.type, operator]),
);
