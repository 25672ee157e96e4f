import type { Fact, FactTemplate, LiteralTemplate, SceneObject, SkillSignature } from "@reverie/core";

// Skills and scenes that the tests of this package share.

const yes = (...fact: FactTemplate): LiteralTemplate => ({ fact });
const no = (...fact: FactTemplate): LiteralTemplate => ({ fact, negated: true });
const object = (type: string, description = "what to act on") => ({ name: "object", type, description });

export const pick: SkillSignature = {
  name: "pick",
  description: "Grasps an object and lifts it.",
  parameters: [object("graspable")],
  preconditions: [yes("handEmpty"), yes("clear", "?object"), yes("accessible", "?object")],
  effects: [
    {
      adds: [["holding", "?object"]],
      deletes: [
        ["on", "?object", "*"],
        ["in", "?object", "*"],
      ],
    },
  ],
};

export const place: SkillSignature = {
  name: "place",
  description: "Puts the held object down.",
  parameters: [object("graspable"), { name: "target", type: "support", description: "where it goes" }],
  preconditions: [yes("holding", "?object"), no("same", "?object", "?target"), yes("accessible", "?target")],
  effects: [
    { when: [yes("container", "?target")], adds: [["in", "?object", "?target"]], deletes: [["holding", "?object"]] },
    { when: [no("container", "?target")], adds: [["on", "?object", "?target"]], deletes: [["holding", "?object"]] },
  ],
};

export const push: SkillSignature = {
  name: "push",
  description: "Slides an object along the table.",
  parameters: [object("graspable"), { name: "target", type: "zone", description: "where it ends" }],
  preconditions: [yes("handEmpty"), yes("clear", "?object"), yes("accessible", "?object"), no("same", "?object", "?target")],
  effects: [
    {
      adds: [["on", "?object", "?target"]],
      deletes: [
        ["on", "?object", "*"],
        ["in", "?object", "*"],
      ],
    },
  ],
  cost: 3,
};

export const open: SkillSignature = {
  name: "open",
  description: "Opens something.",
  parameters: [object("openable")],
  preconditions: [yes("handEmpty"), no("open", "?object")],
  effects: [{ adds: [["open", "?object"]], deletes: [] }],
};

export const close: SkillSignature = {
  name: "close",
  description: "Closes something.",
  parameters: [object("openable")],
  preconditions: [yes("handEmpty"), yes("open", "?object")],
  effects: [{ adds: [], deletes: [["open", "?object"]] }],
};

export const press: SkillSignature = {
  name: "press",
  description: "Presses a button.",
  parameters: [object("pressable")],
  preconditions: [yes("handEmpty")],
  effects: [{ adds: [["pressed", "?object"]], deletes: [] }],
};

export const skills: readonly SkillSignature[] = [pick, place, push, open, close, press];

export const table: SceneObject = { id: "table", types: ["support", "table"], description: "table" };

export function cube(color: string): SceneObject {
  return { id: `${color}_cube`, types: ["graspable", "support", "cube"], description: `${color} cube` };
}

export function bin(color: string): SceneObject {
  return { id: `${color}_bin`, types: ["support", "container", "bin"], description: `${color} bin` };
}

export const drawer: SceneObject = { id: "drawer", types: ["support", "container", "openable", "drawer"], description: "drawer" };
export const button: SceneObject = { id: "button", types: ["pressable", "button"], description: "button" };
export const zone: SceneObject = { id: "green_zone", types: ["support", "zone", "pad"], description: "green pad" };

/** Three cubes, two bins, a drawer, a button, a pad, a table. */
export const objects: readonly SceneObject[] = [
  cube("red"),
  cube("green"),
  cube("blue"),
  bin("red"),
  bin("green"),
  drawer,
  button,
  zone,
  table,
];

/** Every cube on the table, drawer shut. */
export const facts: readonly Fact[] = [
  ["on", "red_cube", "table"],
  ["on", "green_cube", "table"],
  ["on", "blue_cube", "table"],
];
