import type { SceneObject, SkillSignature } from "@reverie/core";

/** A JSON Schema document or a part of one. */
export type JsonSchema = { readonly [key: string]: unknown };

/**
 * JSON Schema of `{thinking, steps: [{skill, args}]}` for a scene, inside the subset that strict structured output accepts:
 * every object closed, every key required, one variant per skill. A slot takes the ids of objects of its type; a skill that
 * no object of the scene fits is left out; where none is left, the only plan is the empty one.
 *
 */
export function planJsonSchema(skills: readonly SkillSignature[], objects: readonly SceneObject[]): JsonSchema {
  const variants = skills.flatMap((skill) => {
    const slots = skill.parameters.map((parameter) => ({
      name: parameter.name,
      description: parameter.description,
      ids: objects.filter((object) => object.types.includes(parameter.type)).map((object) => object.id),
    }));
    if (slots.some((slot) => slot.ids.length === 0)) return [];
    const args = closedObject(
      Object.fromEntries(slots.map(({ name, description, ids }) => [name, { type: "string", description, enum: ids }])),
    );
    return [closedObject({ skill: { type: "string", enum: [skill.name] }, args })];
  });
  const steps =
    variants.length === 0 ? { type: "array", items: closedObject({}), maxItems: 0 } : { type: "array", items: { anyOf: variants } };
  return closedObject({ thinking: { type: "string" }, steps });
}

/** An object schema in which every property is required and no other is allowed. */
export function closedObject(properties: { readonly [key: string]: JsonSchema }): JsonSchema {
  return { type: "object", properties, required: Object.keys(properties), additionalProperties: false };
}
