# scale.jq - from the results of tests/bench/scale to its table, plot and keys.

include "report";
def what($name): map(select(.what == $name));
def rates($name): what($name) | map(.rate);
def turns($with; $without):
    . as $all | what($with)
    | map(.amount as $round | .rate / ($all | what($without) | map(select(.amount == $round))[0].rate))
    | median;

# 2,300 destinations with a connection each: beside the 2,300 over carriers, which count.
def is_alone: .what | endswith("connections");

# What was not measured, or not that far, has no key.
def scale_summary: (what("history") | map(.amount) | max // 0) as $history
    | (turns("turn-with-history"; "turn-without-history") | rounded(3)) as $rate | {
    rate_at_1e7_history: (if $history >= 10000000 then $rate else null end),
    rate_with_history: $rate,
    history_messages: $history,
    rate_with_1e6_backlog: (turns("turn-with-backlog"; "turn-without-backlog") | rounded(3)),
    rss_mb_max_scale: (map(select(is_alone | not) | .rss_mb) | max),
    rss_mb_2300_connections: (map(select(is_alone) | .rss_mb) | max),
    recovery_ms_max: (map(.recovery_ms // 0) | max)
} | with_entries(select(.value != null));

def scale_table:
    ["what", "amount", "rate/s", "RSS MiB", "gateway us", "client us", "recovery ms"],
    ( .[] | select(.what | startswith("turn") | not)
      | [ .what, .amount, .rate, .rss_mb, .gateway_us, .driver_us, .recovery_ms ] | map(. // "-") ),
    ( . as $all | "turn-without-history", "turn-with-history", "turn-without-backlog", "turn-with-backlog"
      | . as $name | ($all | rates($name)) as $rates | select($rates | length > 0)
      | [ "median of " + $name, ($rates | length), ($rates | median), "-", "-", "-", "-" ] )
    | map(tostring) | @tsv;

# Rate over the logarithm of the amount: one line for history, one for destinations.
def scale_line($name; $colour; $top):
    what($name) | map(select(.rate != null)) | map({x: (60 + 100 * ((.amount + 1) | log10)), y: (300 - .rate / $top * 260), rate, amount})
    | ( "<polyline fill=\"none\" stroke=\"\($colour)\" stroke-width=\"2\" points=\"\(map("\(.x),\(.y)") | join(" "))\"/>",
        ( .[] | "<circle cx=\"\(.x)\" cy=\"\(.y)\" r=\"3\" fill=\"\($colour)\"/><text x=\"\(.x - 14)\" y=\"\(.y - 8)\" fill=\"\($colour)\">\(.rate)</text><text x=\"\(.x - 14)\" y=\"320\">\(.amount)</text>" ) );
def scale_plot:
    . as $all | ([ .[] | .rate // 0 ] | max) as $top
    | "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"860\" height=\"340\" font-family=\"sans-serif\" font-size=\"11\"><rect width=\"860\" height=\"340\" fill=\"white\"/>",
      "<text x=\"10\" y=\"18\" font-size=\"13\">messages per second over history (blue) and destinations (red), logarithmic</text>",
      "<line x1=\"60\" y1=\"300\" x2=\"840\" y2=\"300\" stroke=\"black\"/>",
      ($all | scale_line("history"; "#2a6f97"; $top)), ($all | scale_line("destinations"; "#a4243b"; $top)),
      "</svg>";
