/** A widget of Lumino's inside a view of React's: it comes and goes with what it was made of. */
import { MessageLoop } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';
import React, { useEffect, useRef } from 'react';

export function Hosted<T>(props: {
  /** What it is made of; something else makes it anew. */
  of: T;
  make: (of: T) => Widget | Promise<Widget>;
  className?: string;
}): JSX.Element {
  const { of, make, className } = props;
  const host = useRef<HTMLDivElement>(null);
  useEffect(() => {
    let gone = false;
    let widget: Widget | null = null;
    void Promise.resolve(make(of)).then(made => {
      if (gone || !host.current) {
        made.dispose();
        return;
      }
      widget = made;
      MessageLoop.sendMessage(widget, Widget.Msg.BeforeAttach);
      host.current.appendChild(widget.node);
      MessageLoop.sendMessage(widget, Widget.Msg.AfterAttach);
    });
    return () => {
      gone = true;
      if (widget) {
        // React takes the place away by itself; what was in it hears of it first.
        MessageLoop.sendMessage(widget, Widget.Msg.BeforeDetach);
        widget.node.remove();
        MessageLoop.sendMessage(widget, Widget.Msg.AfterDetach);
        widget.dispose();
      }
    };
  }, [of, make]);
  return <div ref={host} className={className} />;
}
