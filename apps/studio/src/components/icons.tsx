import type { ReactNode } from "react";

// Line icons on a 16 by 16 grid. They decorate: the word beside them, or the button's label, carries the meaning.

function icon(content: ReactNode, filled = false): () => ReactNode {
  return function Icon(): ReactNode {
    return (
      <svg className={filled ? "icon icon-filled" : "icon"} viewBox="0 0 16 16" aria-hidden="true" focusable="false">
        {content}
      </svg>
    );
  };
}

export const PlayIcon = icon(<path d="M4.5 2.8v10.4L13 8z" />, true);
export const PauseIcon = icon(<path d="M4 3h2.6v10H4zM9.4 3H12v10H9.4z" />, true);
export const StepIcon = icon(
  <>
    <path d="M3 3v10l7-5z" />
    <path d="M11 3h2v10h-2z" />
  </>,
  true,
);
export const StopIcon = icon(<rect x="3.5" y="3.5" width="9" height="9" rx="1.5" />, true);
export const ResetIcon = icon(
  <>
    <path d="M3 8a5 5 0 1 0 1.6-3.7" />
    <path d="M2.8 2.4v2.8h2.8" />
  </>,
);
export const DiceIcon = icon(
  <>
    <rect x="2.5" y="2.5" width="11" height="11" rx="2.5" />
    <path d="M5.6 5.6h.01M10.4 5.6h.01M8 8h.01M5.6 10.4h.01M10.4 10.4h.01" strokeWidth="1.9" />
  </>,
);
export const SunIcon = icon(
  <>
    <circle cx="8" cy="8" r="2.8" />
    <path d="M8 1.5v1.3M8 13.2v1.3M1.5 8h1.3M13.2 8h1.3M3.4 3.4l.9.9M11.7 11.7l.9.9M3.4 12.6l.9-.9M11.7 4.3l.9-.9" />
  </>,
);
export const MoonIcon = icon(<path d="M13.2 9.6A5.6 5.6 0 0 1 6.4 2.8a5.6 5.6 0 1 0 6.8 6.8z" />);
export const KeyboardIcon = icon(
  <>
    <rect x="1.5" y="4" width="13" height="8.5" rx="1.8" />
    <path d="M4.2 6.7h.01M6.7 6.7h.01M9.3 6.7h.01M11.8 6.7h.01M5.2 9.8h5.6" />
  </>,
);
export const CheckIcon = icon(<path d="M3.2 8.4l3.2 3.2 6.4-7" />);
export const CrossIcon = icon(<path d="M4 4l8 8M12 4l-8 8" />);
export const DashIcon = icon(<path d="M4 8h8" />);
export const PendingIcon = icon(<circle cx="8" cy="8" r="4.6" strokeDasharray="2 2.1" />);
export const RunningIcon = icon(
  <>
    <circle cx="8" cy="8" r="5" opacity="0.25" />
    <path className="spin" d="M8 3a5 5 0 0 1 5 5" />
  </>,
);
export const AlertIcon = icon(
  <>
    <circle cx="8" cy="8" r="5.8" />
    <path d="M8 5v3.6M8 10.9h.01" />
  </>,
);
export const ChevronIcon = icon(<path d="M6 4l4 4-4 4" />);
