/* All behaviours of the shell and its components. Each binds itself once to the document, so that fragments which
   arrive later need no set-up. Pages with a behaviour of their own load it in their `scripts` block. */
import './appearance.js';
import './toasts.js';
import './requests.js';
import './shortcuts.js';
import './palette.js';
import './dialogs.js';
import './list.js';
import './cells.js';
import './dropdowns.js';
import './menus.js';
import './tabs.js';
import './composer.js';
import './copy.js';
import './feed.js';
