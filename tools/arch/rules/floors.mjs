// Floors: a package imports only packages of a strictly lower floor, so circles cannot exist.

/** Why `from` may not import `to`, beside floors; undefined when it may. */
function roomBan(from, to) {
  const fromName = from.folder;
  if (to.room === "tools") return "tools are never imported. Move the code to a library";
  if (from.room === "apps" && to.room === "apps") return "apps import no app. Let them meet over the socket, or move the code to a library";
  if (from.room === "envs" && to.room === "envs") return "environments import no other environment. Move the shared part to a library";
  if (from.room === "envs" && ["libs/planning", "libs/training"].includes(to.folder))
    return `environments know no ${to.folder.slice(5)}. Hand the data over from an app or libs/rollout`;
  if (["libs/training", "libs/exploration", "libs/rewards"].includes(fromName) && to.room === "envs")
    return `${fromName} knows no environment. Take the task as a parameter`;
  return undefined;
}

/** @param {ReturnType<typeof import("../workspace.mjs").readWorkspace>} workspace */
export function floors(workspace) {
  const findings = [];
  for (const from of workspace.packages) {
    if (from.room === "tools") continue;
    if (from.floor === undefined || !Number.isInteger(from.floor)) {
      findings.push(from.inManifest('"nx"', `${from.name} has no floor. Add "floor:N" to nx.tags.`));
      continue;
    }
    for (const file of from.files) {
      for (const { specifier, line } of file.imports) {
        const to = workspace.byName.get(specifier.split("/").slice(0, 2).join("/"));
        if (to === undefined || to === from) continue;
        const ban = roomBan(from, to);
        if (ban !== undefined) {
          findings.push({ path: file.path, line, message: `imports ${to.name}, but ${ban}.` });
        } else if (!(to.floor < from.floor) && !(file.isTest && Object.hasOwn(from.devDependencies, to.name))) {
          findings.push({
            path: file.path,
            line,
            message: `imports ${to.name} (floor ${to.floor}) from floor ${from.floor}. Move the code up, or let the caller pass in what is needed.`,
          });
        }
      }
    }
  }
  return findings;
}
