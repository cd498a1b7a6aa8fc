/** What formats and rules see where there is no request: of a TCP session, of a connection on which none could be read. */

import { Head } from '../http/head.ts';

export const NO_REQUEST: Head = new Head(1);
