// Written by "npm run gen" from the files in skills/. Do not edit.
import { closeSkill } from "./skills/close.ts";
import { openSkill } from "./skills/open.ts";
import { pickSkill } from "./skills/pick.ts";
import { placeSkill } from "./skills/place.ts";
import { pressSkill } from "./skills/press.ts";
import { pushSkill } from "./skills/push.ts";

export const skillDefinitions = [closeSkill, openSkill, pickSkill, placeSkill, pressSkill, pushSkill] as const;
