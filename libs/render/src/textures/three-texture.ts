import type { TextureDescription } from "@reverie/core";
import { DataTexture, LinearFilter, LinearMipmapLinearFilter, RepeatWrapping, SRGBColorSpace } from "three";
import type { Layout } from "../unwrap.ts";
import { tileOf } from "./tile.ts";

/** How a texture is laid on a shape. A checker and a picture must close around a round side; noise and grain would look stretched. */
export function layoutOf(texture: TextureDescription): Layout {
  switch (texture.kind) {
    case "checker":
      return { around: 2 * texture.cellMetres, grain: false };
    case "image":
      return { around: texture.tileMetres, grain: false };
    default:
      return { around: "mirror", grain: texture.kind === "wood" };
  }
}

/**
 * A texture as three's renderers and the CPU rasteriser read it: repeating, trilinear with mip-mapping, `uv` in metres.
 *
 * @param path - where the texture stands, for errors
 * @throws InputError when the description is not allowed, see `tileOf`
 */
export function createTexture(texture: TextureDescription, path: string): DataTexture {
  const { rgba, width, height, widthMetres, heightMetres } = tileOf(texture, path);
  const made = new DataTexture(rgba, width, height);
  made.colorSpace = SRGBColorSpace;
  made.wrapS = RepeatWrapping;
  made.wrapT = RepeatWrapping;
  made.magFilter = LinearFilter;
  made.minFilter = LinearMipmapLinearFilter;
  made.generateMipmaps = true;
  made.repeat.set(1 / widthMetres, 1 / heightMetres);
  made.needsUpdate = true;
  return made;
}
