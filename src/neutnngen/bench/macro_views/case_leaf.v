// What weight_update_macro replaces, of the RTL's own leaves.
module case_leaf (
    input  wire       update,
    input  wire       win,
    input  wire       capture,
    input  wire       minus,
    input  wire       search,
    input  wire       backoff,
    input  wire       arrived,
    input  wire       early,
    input  wire [2:0] weight,
    input  wire       shift,
    input  wire       scan_in,
    input  wire       levels,  // of both tables, all of them
    output wire [2:0] back
);
    wire early_on, late_on, silent_on;
    wire [7:0] unused_up, unused_down;
    rule_gates gates (
        .update(update), .win(win), .capture(capture), .minus(minus), .search(search), .backoff(backoff), .minimum(1'b1),
        .stabilise_up(8'd0), .stabilise_down(8'd0), .early_on(early_on), .late_on(late_on), .silent_on(silent_on),
        .levels_up(unused_up), .levels_down(unused_down)
    );
    weight_update #(.WEIGHT_W(3), .SAME(0)) move (
        .weight(weight), .shift(shift), .scan_in(scan_in), .win(win), .arrived(arrived), .early(early),
        .early_on(early_on), .late_on(late_on), .silent_on(silent_on), .levels_up({8{levels}}), .levels_down({8{levels}}), .back(back)
    );
endmodule
