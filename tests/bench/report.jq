# report.jq - from the results of all rounds (slurped) to medians, spreads and ratios.

def median: sort | if length == 0 then null elif length % 2 == 1 then .[length / 2 | floor]
    else (.[length / 2 - 1] + .[length / 2]) / 2 end;
def rounded($places): if . == null then null else
    (. * pow(10; $places) | round) / pow(10; $places) end;
def of($peer; $mode; $size):
    map(select(.peer == $peer and .mode == $mode and .size == $size));

# The median over the rounds of one result divided by another of the same round.
def ratios($peer; $mode; $other; $other_mode; $size; field; other_field):
    . as $all
    | [ $all[].round ] | unique
    | map(. as $round
        | ($all | of($peer; $mode; $size) | map(select(.round == $round))[0] | field) as $a
        | ($all | of($other; $other_mode; $size) | map(select(.round == $round))[0] | other_field) as $b
        | if $a == null or $b == null then empty else $a / $b end)
    | median;

def summary:
{
    vs_rabbitmq_signed: (ratios("gateway"; "rsa"; "rabbitmq"; "plain"; 1024; .rate; .rate) | rounded(3)),
    vs_rabbitmq_one_connection: (ratios("gateway"; "rsa"; "rabbitmq"; "one-connection"; 1024; .rate; .rate) | rounded(3)),
    vs_nats_manifest: (ratios("gateway"; "manifest"; "nats"; "plain"; 1024; .rate; .rate) | rounded(3)),
    vs_nats_manifest_mixed: (ratios("gateway"; "manifest-mixed"; "nats"; "plain"; 1024; .rate; .rate) | rounded(3)),
    share_of_limit: (ratios("gateway"; "rsa"; "limits"; "rsa"; 1024; .rate; .limit) | rounded(3)),
    ack_p99_vs_fdatasync_p99:
        (ratios("gateway"; "rsa-half-rate"; "limits"; "rsa"; 1024; .custody_us.p99; .sync_p99_us) | rounded(2)),
    link_p99_vs_fdatasync_p99:
        (ratios("limits"; "rsa"; "limits"; "rsa"; 1024; .link_p99_us; .sync_p99_us) | rounded(2)),
    rss_mb_max_side_by_side: ([ .[] | select(.peer == "gateway") | .rss_mb ] | max)
} | with_entries(select(.value != null));

def table:
    ["what", "mode", "bytes", "median/s", "min/s", "max/s", "us/message", "client us"],
    ( group_by([.size, .peer, .mode])[]
      | select(.[0].rate != null and .[0].mode != "rsa-half-rate")
      | [ .[0].peer, .[0].mode, .[0].size, (map(.rate) | median), (map(.rate) | min),
          (map(.rate) | max), (map(.gateway_us) | map(select(. != null)) | median // "-"),
          (map(.driver_us) | median | rounded(1)) ] )
    | map(tostring) | @tsv;

def latencies:
    ["at half rate", "p50 ms", "p99 ms", "p99.9 ms", "max ms"],
    ( of("gateway"; "rsa-half-rate"; 1024) as $all
      | ("custody_us", "settled_us") as $name
      | [ (if $name == "custody_us" then "custody receipt" else "delivered receipt" end),
          ( "p50", "p99", "p999", "max" | . as $q
            | $all | map(.[$name][$q] / 1000) | median | rounded(2) ) ] )
    | map(tostring) | @tsv;

def limits:
    ["each alone", "median"],
    ( of("limits"; "rsa"; 1024) as $all
      | ($all[0] // {} | keys - ["round", "peer", "mode", "size"])[] as $key
      | [ $key, ($all | map(.[$key]) | median | rounded(1)) ] )
    | map(tostring) | @tsv;

# Horizontal bars, one group for each size.
def plot:
    [ group_by([.size, .peer, .mode])[] | select(.[0].rate != null and .[0].mode != "rsa-half-rate")
      | { label: "\(.[0].size) B  \(.[0].peer) \(.[0].mode)", peer: .[0].peer,
          rate: (map(.rate) | median), low: (map(.rate) | min), high: (map(.rate) | max) } ] as $bars
    | ([ $bars[].high ] | max) as $top
    | ($bars | length * 26 + 50) as $height
    | "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"900\" height=\"\($height)\" font-family=\"sans-serif\" font-size=\"13\">",
      "<rect width=\"900\" height=\"\($height)\" fill=\"white\"/>",
      "<text x=\"10\" y=\"22\">messages per second to 23 destinations: median of the rounds, line from lowest to highest</text>",
      ( range($bars | length) as $i | $bars[$i] as $bar | (40 + $i * 26) as $y
        | ($bar.rate / $top * 560) as $width
        | "<text x=\"10\" y=\"\($y + 14)\">\($bar.label)</text>"
        + "<rect x=\"240\" y=\"\($y)\" width=\"\($width)\" height=\"18\" fill=\"\(if $bar.peer == "gateway" then "#2a6f97" else "#b8b8b8" end)\"/>"
        + "<line x1=\"\(240 + $bar.low / $top * 560)\" x2=\"\(240 + $bar.high / $top * 560)\" y1=\"\($y + 9)\" y2=\"\($y + 9)\" stroke=\"black\"/>"
        + "<text x=\"\(250 + $bar.high / $top * 560)\" y=\"\($y + 14)\">\($bar.rate | round)</text>" ),
      "</svg>";
