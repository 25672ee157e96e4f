export { createGateway, isLoopback, isWelcome } from "./gateway.ts";
export { NewestFrame } from "./newest-frame.ts";
export { Peer } from "./peer.ts";

export type { EnvironmentPeer, Gateway, GatewayOptions, PlannerPeer, ViewerPeer } from "./gateway.ts";
