import { useEffect, useRef, type ReactNode } from "react";
import { selectCamera } from "../commands.ts";
import { cameraFrames, type Picture } from "../connection.ts";
import { spreadPixels } from "../frames.ts";
import { chosenCamera, useStudio } from "../store.ts";

const NONE = "";

/** Draws camera frames into a canvas of their own size; the page scales it without smoothing. */
function createPainter(canvas: HTMLCanvasElement): (picture: Picture) => void {
  const context = canvas.getContext("2d");
  let image: ImageData | undefined;
  return ({ width, height, rgb }) => {
    if (context === null) return;
    if (image === undefined || image.width !== width || image.height !== height) {
      canvas.width = width;
      canvas.height = height;
      image = context.createImageData(width, height);
    }
    spreadPixels(image.data, rgb);
    context.putImageData(image, 0, 0);
  };
}

/** What the planner's camera sees, pixel for pixel. */
export function CameraPanel(): ReactNode {
  const canvas = useRef<HTMLCanvasElement>(null);
  const caption = useRef<HTMLSpanElement>(null);
  const scene = useStudio((state) => state.scene);
  const camera = useStudio(chosenCamera);
  const cameras = scene?.cameras ?? [];

  useEffect(() => {
    if (camera === null || scene === undefined) return;
    const paint = createPainter(canvas.current!);
    caption.current!.textContent = "No image yet";
    return cameraFrames.subscribe((frame) => {
      if (frame.camera !== camera || frame.episode !== scene.episode) return;
      paint(frame);
      caption.current!.textContent = `${frame.width} × ${frame.height} · step ${frame.step}`;
    });
  }, [camera, scene]);

  return (
    <section className="panel camera" aria-labelledby="camera-title">
      <header className="panel-head">
        <h2 id="camera-title">Camera</h2>
        <label className="inline-picker picker">
          <span className="visually-hidden">Camera to show</span>
          <select
            value={camera ?? NONE}
            disabled={cameras.length === 0}
            onChange={(event) => void selectCamera(event.target.value === NONE ? null : event.target.value)}
          >
            {cameras.map((id) => (
              <option key={id} value={id}>
                {id}
              </option>
            ))}
            <option value={NONE}>Off</option>
          </select>
        </label>
      </header>
      <div className="camera-frame" data-off={camera === null}>
        <canvas
          key={camera}
          ref={canvas}
          width={128}
          height={128}
          role="img"
          aria-label={camera === null ? "Camera off" : `Image of camera ${camera}`}
        />
        <span className="camera-caption number" ref={caption} />
      </div>
    </section>
  );
}
