// SPDX-License-Identifier: Apache-2.0
// Numbers of apical.h, in the order in which they stand there.
localparam int APICAL_OK = 0, APICAL_BAD_INPUT = 2, APICAL_INTERNAL = 3;
// Roundings and overflows of a format.
localparam int APICAL_RND = 0, APICAL_RND_ZERO = 1, APICAL_RND_MIN_INF = 2, APICAL_RND_INF = 3, APICAL_RND_CONV = 4,
    APICAL_TRN = 5, APICAL_TRN_ZERO = 6, APICAL_STOCHASTIC = 7;
localparam int APICAL_SAT = 0, APICAL_SAT_ZERO = 1, APICAL_SAT_SYM = 2, APICAL_WRAP = 3;
// Signals.
localparam int APICAL_BASAL = 0, APICAL_APICAL = 1, APICAL_U = 2, APICAL_MEMBRANE = 3, APICAL_RATE = 4,
    APICAL_SLOPE = 5, APICAL_NUDGE = 6, APICAL_ERROR = 7, APICAL_MISMATCH = 8, APICAL_TARGET = 9,
    APICAL_FIRST_MISMATCH = 10, APICAL_SENT_RATE = 11, APICAL_SENT_ERROR = 12;
