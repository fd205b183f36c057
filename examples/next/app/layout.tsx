import type { ReactNode } from "react";

export const metadata = { title: "Ask a model" };

export default function Layout({ children }: { children: ReactNode }) {
  return (
    <html lang="en">
      <body>{children}</body>
    </html>
  );
}
