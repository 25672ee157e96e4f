/** A sentence over the middle of the container, hidden until it is shown. */
export interface Notice {
  readonly element: HTMLElement;
  show(sentence: string): void;
  hide(): void;
  setColor(color: string): void;
}

export function createNotice(): Notice {
  const element = document.createElement("p");
  element.setAttribute("role", "status");
  element.style.cssText =
    "display:none;position:absolute;inset:0;margin:auto;width:fit-content;height:fit-content;max-width:32em;padding:16px 24px;text-align:center";
  return {
    element,
    show(sentence) {
      element.textContent = sentence;
      element.style.display = "block";
    },
    hide() {
      element.style.display = "none";
    },
    setColor(color) {
      element.style.color = color;
    },
  };
}
