/* limits - every bound that two programs must agree on, with its reason.
 *
 * At a bound the answer is a refusal with a reason code, never a silent drop and never growth
 * (invariant 8). Bounds of one program alone stand in that program's own headers.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum {
    /* One ZeroMQ message. A full parcel (PARCEL_MESSAGES_MAX small envelopes) or one blob chunk
     * fits; a peer cannot make us hold more than this per message before we have looked at it. */
    FRAME_BYTES_MAX = 1024 * 1024,

    /* One envelope. Forms and lists fit many times over; files travel as blobs. */
    ENVELOPE_BYTES_MAX = 256 * 1024,

    /* Envelopes sealed by one manifest and carried together. Bounds the work of one verification.
     */
    PARCEL_MESSAGES_MAX = 64,

    /* Parcels in one frame, so that one wake-up, one encryption and one commit serve many. */
    FRAME_PARCELS_MAX = 64,

    /* A manifest line is 64 hex + 2 spaces + name + newline: see seal/manifest.h. */
    MANIFEST_BYTES_MAX = PARCEL_MESSAGES_MAX * 128,

    /* Detached CMS with one signer, its signed attributes, at most one certificate chain. */
    SIGNATURE_BYTES_MAX = 16 * 1024,

    /* One X.509 certificate, DER. Those of the national authorities are under 2 KB. */
    CERTIFICATE_BYTES_MAX = 8 * 1024,

    /* Items in one receipt: a receipt may cover everything that one frame carried. */
    RECEIPT_ITEMS_MAX = 512,

    ATTACHMENTS_MAX = 64,                 /* largest component list in the catalogue is under 30 */
    ATTACHMENT_NAME_CHARACTERS_MAX = 255, /* what Windows takes; a text in form NFC */
    MEDIA_TYPE_BYTES_MAX = 127,           /* RFC 6838 §4.2 */
    DOSSIER_CODE_BYTES_MAX = 64,          /* longest seen 25; see base/dossier_code.h */
    PROCEDURE_CODE_BYTES_MAX = 32,        /* "1.011443.000.00.00.H38" is 22 */
    AREA_CODE_BYTES_MAX = 16,             /* the national codes have 2, 3 and 5 digits */
    PARTICIPANT_KEY_BYTES_MAX = 16,       /* "bqlkkt", "centre", "portal" */
    /* Keys of those that a message goes to, a blank between two: one and its copies (policy.csv).
     */
    RECEIPT_RECIPIENTS_BYTES_MAX = 8 * (PARTICIPANT_KEY_BYTES_MAX + 1),
    REASON_TEXT_BYTES_MAX = 500,      /* a person's remark in a receipt */
    PERSON_NAME_CHARACTERS_MAX = 100, /* who acted; the longest in use have under 50 */
    TEXT_CHARACTERS_MAX = 4000, /* long texts of the forms (national portal: TenTepDinhKem 4000) */
    UTF8_BYTES_MAX = 4,         /* of one character */

    BLOB_CHUNK_BYTES_MAX = 128 * 1024, /* large enough for disk rate, small enough to interleave */
    /* Unacknowledged bytes that one peer's transfers share: they bound what is in memory. Enough
     * for 40 MB/s over a line of 100 ms, and that neither end waits while the other one has the
     * processor. For a moment twice as much, when transfers begin one after another: what was
     * granted is not taken back. */
    BLOB_WINDOW_BYTES = 4 * 1024 * 1024,
    BLOB_TRANSFERS_MAX = 4, /* of one peer at once */

    PARTICIPANTS_MAX = 4096, /* 23 agencies today; all communes and ministries later */

    /* One connection that carries many participants. 99 communes of a province and its own
     * departments fit into one; a host in each province and ministry, twice over. */
    CARRIED_MAX = 128,  /* participants behind one carrier */
    CARRIERS_MAX = 256, /* at most as many connections besides the participants' own */

    CURVE_KEY_BYTES = 32,      /* Curve25519 */
    CURVE_KEY_TEXT_BYTES = 41, /* its Z85 form and the terminator */

    MESSAGE_WINDOW_MAX = 4096, /* unacknowledged messages on one link */

    /* Unacknowledged message bytes on one link: what one peer may make the other hold in memory.
     * At 160 MB/s, which is more than a gateway verifies, the most is under way for 26 ms; the
     * least still has room for the largest message. Between the two: message_window_bytes. One
     * message may always be under way, however large. */
    MESSAGE_WINDOW_BYTES_MAX = 4 * 1024 * 1024,
    MESSAGE_WINDOW_BYTES_MIN = 512 * 1024,
    /* What all who are connected may have under way together, up to 512 of them; beyond, the
     * least times their number: 2 GiB with PARTICIPANTS_MAX. */
    MESSAGE_WINDOWS_BYTES = 256 * 1024 * 1024,

    /* Where messages stand: so many are asked for at once, and the answer names each place of each
     * (one recipient and its copies) and the gateway itself. */
    STANDING_ASK_MAX = 31,
    STANDING_ITEMS_MAX = 128,

    HEARTBEAT_INTERVAL_MS = 2000, /* a dead peer is noticed within PEER_SILENT_MS */
    PEER_SILENT_MS = 8000,        /* four missed heartbeats */

    CLOCK_SKEW_MAX_MS = 5 * 60 * 1000, /* the sender's clock may be this far ahead or behind */
};

#define BLOB_BYTES_DEFAULT_MAX                                                                     \
    (UINT64_C(100) * 1024 *                                                                        \
     1024) /* as the provincial systems have it                             \
                                   */
#define BLOB_BYTES_HARD_MAX (UINT64_C(2) * 1024 * 1024 * 1024)

_Static_assert(ENVELOPE_BYTES_MAX + MANIFEST_BYTES_MAX + SIGNATURE_BYTES_MAX < FRAME_BYTES_MAX,
               "the largest envelope travels in one frame");
_Static_assert(BLOB_CHUNK_BYTES_MAX < FRAME_BYTES_MAX, "a blob chunk travels in one frame");
_Static_assert(ENVELOPE_BYTES_MAX + MANIFEST_BYTES_MAX + SIGNATURE_BYTES_MAX +
                       CERTIFICATE_BYTES_MAX <
                   MESSAGE_WINDOW_BYTES_MIN,
               "the largest envelope fits the smallest window");

/* The window in bytes to grant to each of so many connected peers. */
static inline uint32_t message_window_bytes(size_t connected)
{
    size_t share = MESSAGE_WINDOWS_BYTES / (connected > 0 ? connected : 1);
    if (share > MESSAGE_WINDOW_BYTES_MAX)
        return MESSAGE_WINDOW_BYTES_MAX;
    return share < MESSAGE_WINDOW_BYTES_MIN ? (uint32_t)MESSAGE_WINDOW_BYTES_MIN : (uint32_t)share;
}
