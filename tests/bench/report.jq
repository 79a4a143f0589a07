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

# What people call them, in a picture without a legend.
def spoken: {
    "gateway rsa": "Liên Thông, each signed, RSA-2048",
    "gateway p256": "Liên Thông, each signed, P-256",
    "gateway manifest": "Liên Thông, manifests of 32",
    "gateway manifest-mixed": "Liên Thông, mixed manifests of 32",
    "rabbitmq plain": "RabbitMQ, durable, confirms",
    "rabbitmq one-connection": "RabbitMQ, one consuming connection",
    "nats plain": "NATS, file storage, no fsync",
    "nats one-connection": "NATS, one consuming connection"
}["\(.peer) \(.mode)"] // "\(.peer) \(.mode)";

def grouped: tostring | [scan("\\d{1,3}(?=(?:\\d{3})*$)")] | join(",");

# Horizontal bars, one group for each size; below them whose figures they are.
def plot:
    (map(select(.peer == "machine"))[0] // {}) as $machine
    | ([ .[].round | values ] | max) as $rounds
    | [ group_by([.size, .peer, .mode])[] | select(.[0].rate != null and .[0].mode != "rsa-half-rate")
      | { label: (.[0] | spoken), size: .[0].size, is_ours: (.[0].peer == "gateway"),
          rate: (map(.rate) | median), low: (map(.rate) | min), high: (map(.rate) | max) } ]
    | group_by(.size) | map([{heading: "documents of \(.[0].size | grouped) bytes"}] + sort_by(-.rate))
    | add as $lines
    | ([ $lines[].high | values ] | max) as $top
    | ($lines | length * 22 + 84) as $height
    | "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"860\" height=\"\($height)\" viewBox=\"0 0 860 \($height)\" font-family=\"sans-serif\" font-size=\"13\">",
      "<rect width=\"860\" height=\"\($height)\" fill=\"white\"/>",
      "<text x=\"10\" y=\"22\" font-size=\"15\">Messages a second, end to end, to 23 destinations</text>",
      "<text x=\"10\" y=\"40\" fill=\"#555\">bar: median of \($rounds) rounds; line: lowest to highest. Blue is signed, verified, encrypted and on disk.</text>",
      ( range($lines | length) as $i | $lines[$i] as $line | (54 + $i * 22) as $y
        | if $line.heading then "<text x=\"10\" y=\"\($y + 15)\" font-weight=\"bold\">\($line.heading)</text>"
          else "<text x=\"20\" y=\"\($y + 14)\">\($line.label)</text>"
            + "<rect x=\"280\" y=\"\($y + 1)\" width=\"\($line.rate / $top * 500 | round)\" height=\"17\" fill=\"\(if $line.is_ours then "#2a6f97" else "#b8b8b8" end)\"/>"
            + "<line x1=\"\(280 + $line.low / $top * 500 | round)\" x2=\"\(280 + $line.high / $top * 500 | round)\" y1=\"\($y + 10)\" y2=\"\($y + 10)\" stroke=\"black\"/>"
            + "<text x=\"\(288 + $line.high / $top * 500 | round)\" y=\"\($y + 14)\">\($line.rate | round | grouped)</text>" end ),
      "<text x=\"10\" y=\"\($height - 12)\" fill=\"#555\">make bench, \($machine.date // "?"), \($machine.processors // "?") processors: \($machine.processor // "?" | @html)\(if ($machine.load // 0) > 0.5 then ", beside other work (load \($machine.load)): compare the bars, not the numbers" else "" end)</text>",
      "</svg>";
