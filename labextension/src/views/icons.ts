/**
 * Icons as inline SVG: an icon font or an emoji may not be there, and a colour alone says nothing.
 *
 * `jp-icon3` and its kin let JupyterLab's themes colour them, high contrast included.
 */
import { LabIcon } from '@jupyterlab/ui-components';

import { Level, LockMode } from '../answers';

function icon(name: string, shape: string): LabIcon {
  return new LabIcon({
    name: `jupyter-secure:${name}`,
    svgstr: `<svg xmlns="http://www.w3.org/2000/svg" width="16" height="16" viewBox="0 0 24 24">${shape}</svg>`
  });
}

const SHIELD = 'M12 1.5 3.5 5v6.2c0 5.2 3.6 9.9 8.5 11.3 4.9-1.4 8.5-6.1 8.5-11.3V5z';

const OUTLINE = `<path class="jp-icon3" fill="#616161" d="${SHIELD}m0 2.2 6.5 2.7v4.8c0 4.1-2.7 7.8-6.5 9.1-3.8-1.3-6.5-5-6.5-9.1V6.4z"/>`;

export const shieldIcon = icon(
  'shield',
  `${OUTLINE}<path class="jp-icon3" fill="#616161" d="m10.8 16.2-3.5-3.5 1.4-1.4 2.1 2.1 4.5-4.5 1.4 1.4z"/>`
);

export const alertShieldIcon = icon(
  'alert-shield',
  `${OUTLINE}<path class="jp-icon3" fill="#616161" d="M11 7h2v6.5h-2zM11 15h2v2h-2z"/>`
);

/** The state of the place as a whole. */
export const SHIELD_ICONS: Record<Level, LabIcon> = {
  ok: shieldIcon,
  warn: alertShieldIcon,
  bad: alertShieldIcon
};

const BODY =
  '<rect class="jp-icon3" fill="#616161" x="4.5" y="10" width="15" height="11.5" rx="2"/>';

export const lockIcon = icon(
  'lock',
  `${BODY}<path class="jp-icon3" fill="#616161" d="M7 10V7a5 5 0 0 1 10 0v3h-2.2V7a2.8 2.8 0 0 0-5.6 0v3z"/>`
);

export const unlockIcon = icon(
  'unlock',
  `${BODY}<path class="jp-icon3" fill="#616161" d="M7 10V6a5 5 0 0 1 9.7-1.7l-2.1.7A2.8 2.8 0 0 0 9.2 6v4z"/>`
);

/** A key: opens with its own passphrase only. */
export const keyIcon = icon(
  'key',
  '<path class="jp-icon3" fill="#616161" fill-rule="evenodd" transform="rotate(-45 12 12)" d="M3.5 6.5a5.5 5.5 0 1 0 5.29 7H18.5V17h3v-3.5H23V16h3v-5.5H8.79A5.5 5.5 0 0 0 3.5 6.5m0 3.4a2.1 2.1 0 1 1 0 4.2 2.1 2.1 0 0 1 0-4.2"/>'
);

/** A folder with a padlock in it: what is put there is sealed. */
export const sealedFolderIcon = icon(
  'sealed-folder',
  `<path class="jp-icon3" fill="#616161" d="M4 4h5.5l2 2.2H20a2 2 0 0 1 2 2V9.6a6.2 6.2 0 0 0-9.3 5.4H11V20H4a2 2 0 0 1-2-2V6a2 2 0 0 1 2-2"/>
   <path class="jp-icon3" fill="#616161" d="M15 15.3v-1.1a3.2 3.2 0 0 1 6.4 0v1.1h.6V22h-7.6v-6.7zm1.7 0h3v-1.1a1.5 1.5 0 0 0-3 0z"/>`
);

/** A pencil with a bar through it: may be read, may not be changed. */
export const readOnlyIcon = icon(
  'read-only',
  `<path class="jp-icon3" fill="#616161" d="m14.1 5.3 4.6 4.6 1.9-1.9a1.6 1.6 0 0 0 0-2.3l-2.3-2.3a1.6 1.6 0 0 0-2.3 0zM12.7 6.7l4.6 4.6-2.6 2.6-4.6-4.6zM8.7 10.7l4.6 4.6-5.1 5.1-5.2.6.6-5.2z"/>
   <path class="jp-icon3" fill="#616161" d="M3.4 2 22 20.6 20.6 22 2 3.4z"/>`
);

/** A clock whose hand goes back: what was. */
export const historyIcon = icon(
  'history',
  `<path class="jp-icon3" fill="#616161" d="M13 3a9 9 0 0 0-9 9H1l4 4 4-4H6a7 7 0 1 1 2.05 4.95l-1.42 1.42A9 9 0 1 0 13 3"/>
   <path class="jp-icon3" fill="#616161" d="M12 7.5h1.8v4.6l3.4 2-.9 1.5-4.3-2.6z"/>`
);

/** Lines one below the other, each with its mark: what happened. */
export const activityIcon = icon(
  'activity',
  '<path class="jp-icon3" fill="#616161" d="M3 4.5h3v3H3zm5 .5h13v2H8zM3 10.5h3v3H3zm5 .5h13v2H8zM3 16.5h3v3H3zm5 .5h13v2H8z"/>'
);

const okIcon = icon('ok', '<path class="jsec-ink" d="M9.3 18.6 3 12.3l2-2 4.3 4.3L19 4.9l2 2z"/>');

const warnIcon = icon('warn', '<path class="jsec-ink" d="M10.5 3h3v12h-3zM10.5 18h3v3h-3z"/>');

const badIcon = icon(
  'bad',
  '<path class="jsec-ink" d="m5 3 7 7 7-7 2 2-7 7 7 7-2 2-7-7-7 7-2-2 7-7-7-7z"/>'
);

export const LEVEL_ICONS: Record<Level, LabIcon> = { ok: okIcon, warn: warnIcon, bad: badIcon };

/** The level in a word, for those who do not see the icon. */
export const LEVEL_WORDS: Record<Level, string> = {
  ok: 'fine',
  warn: 'needs attention',
  bad: 'not protected'
};

export const MODE_ICONS: Record<LockMode, LabIcon> = {
  private: lockIcon,
  'read-only': readOnlyIcon,
  sealed: keyIcon
};
