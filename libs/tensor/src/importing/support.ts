// Which operators of which operator sets can be imported.

import { InputError } from "@reverie/core";
import type { Tensor } from "../graph/tensor.ts";
import { nodePath } from "../onnx/check.ts";
import { shownName } from "../onnx/limits.ts";
import type { OnnxModel, OnnxNode } from "../onnx/model.ts";
import { OPERATORS } from "../ops/registry.ts";
import type { ImportCall } from "./call.ts";
import { callOperator, checkAgainst } from "./call.ts";
import { COMPOSITIONS } from "./compositions.ts";
import { CONTRIB_DOMAIN, CONTRIB_RULES } from "./contrib.ts";
import { UPGRADES } from "./upgrade.ts";

const OLDEST_OPSET = 11;
/**
 * Opsets 22 to 24 only add element types that are not held here (bfloat16, float8, float4) to the operators below, so a call in them
 * means what it means in opset 21; their new operators are refused one by one.
 */
const NEWEST_OPSET = 24;

const isStandard = (domain: string): boolean => domain === "" || domain === "ai.onnx";

/** The operators that {@link importModel} takes, in the order of the alphabet: of the standard set (""), or of "com.microsoft". */
export function supportedOperators(domain: string): readonly string[] {
  if (domain === CONTRIB_DOMAIN) return [...CONTRIB_RULES.keys()].sort();
  return isStandard(domain) ? [...new Set([...OPERATORS.keys(), ...UPGRADES.keys(), ...COMPOSITIONS.keys()])].sort() : [];
}

/** @throws InputError for an operator set that is too old or too new, or an operator that cannot be imported */
export function checkSupport(model: OnnxModel): void {
  const { opsetVersion } = model;
  if (opsetVersion < OLDEST_OPSET || opsetVersion > NEWEST_OPSET) {
    throw new InputError(
      "onnx operator set version",
      `is ${opsetVersion}; models of versions ${OLDEST_OPSET} to ${NEWEST_OPSET} can be imported.`,
    );
  }
  for (const node of model.nodes) {
    if (writerOf(node) === undefined) throw new InputError(nodePath(node), unsupported(node, model));
  }
}

function unsupported(node: OnnxNode, model: OnnxModel): string {
  const standard = isStandard(node.domain);
  const set = standard
    ? `the standard operator set ${model.opsetVersion}`
    : `the operator set ${shownName(node.domain)} ${model.otherOpsets.get(node.domain) ?? ""}`.trimEnd();
  const known = supportedOperators(node.domain);
  const allowed = known.length === 0 ? `operators of the standard set and of ${CONTRIB_DOMAIN} are` : `${known.join(", ")} are`;
  return `the operator ${shownName(node.operator)} of ${set} cannot be imported; ${allowed} supported.`;
}

type Writer = (call: ImportCall) => readonly Tensor[];

function writerOf(node: OnnxNode): Writer | undefined {
  const composed = isStandard(node.domain)
    ? COMPOSITIONS.get(node.operator)
    : node.domain === CONTRIB_DOMAIN
      ? CONTRIB_RULES.get(node.operator)
      : undefined;
  if (isStandard(node.domain)) {
    const upgrade = UPGRADES.get(node.operator);
    if (upgrade !== undefined) return upgrade;
    if (OPERATORS.has(node.operator)) return callOperator;
  }
  if (composed === undefined) return undefined;
  return (call) => {
    checkAgainst(composed, call);
    return composed.write(call);
  };
}

/** Writes one call of a checked model into the graph; a tensor for each output. */
export function writeCall(call: ImportCall): readonly Tensor[] {
  const outputs = (writerOf(call.node) ?? call.fail("the operator cannot be imported."))(call);
  if (outputs.length < call.outputCount) call.fail(`only the first ${outputs.length} of ${call.outputCount} outputs are supported.`);
  return outputs;
}
