/** What a head may be refused for, and the rules by which. */

/** Why a head is refused. Stable numbers: logs and `show errors` name them. */
export const Refusal = {
  BareLineEnd: -1,
  RequestLine: -2,
  Version: -3,
  FieldName: -4,
  FieldValue: -5,
  TooManyFields: -6,
  TooLong: -7,
  ContentLength: -8,
  TransferEncoding: -9,
  Host: -10,
  Target: -11,
  StatusLine: -12,
  Expect: -13,
  Connect: -14,
  Trace: -15,
  TargetTooLong: -16,
} as const;
export type Refusal = (typeof Refusal)[keyof typeof Refusal];

/** What a proxy's configuration says about heads. */
export interface HeadRules {
  /**
   * `option accept-invalid-http-request` / `-response` (manual 4.2), as far as HAProxy 2.6 relaxes something and nothing
   * is decided by it where a message ends: any byte in field names but CR, LF and NUL, `#` and bytes above 7F in targets,
   * versions of other shapes and HTTP/0.9, an absolute-form target that disagrees with Host (the target wins, RFC 9112
   * 3.2.2).
   */
  readonly lenient: boolean;
  /** Most bytes of a target, as it stands in the request line. */
  readonly maxTarget: number;
  /** Its requests came by HTTP/2, and are written as ours: with `HTTP/2.0` for a version. */
  readonly h2?: boolean;
}

/** The rules where nobody says otherwise: the limit of the head is the target's too. */
export const STRICT: HeadRules = { lenient: false, maxTarget: 0x7fffffff, h2: false };
