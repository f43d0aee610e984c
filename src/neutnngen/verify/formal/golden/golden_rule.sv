// The weight of one synapse after a wave, by the rule table (rules R1 … R6, R11, S1).
//
// spike: x is finite. winner: y is finite. early: x <= y where both are. hits, hits_down: random bits as `golden_draws` orders them.
module golden_rule #(
    parameter integer WEIGHT_W = 3,
    parameter integer DRAWS    = 13
) (
    input  wire [WEIGHT_W-1:0] weight,
    input  wire                learn,
    input  wire                spike,
    input  wire                winner,
    input  wire                early,
    input  wire [DRAWS-1:0]    hits,
    input  wire [DRAWS-1:0]    hits_down,
    output reg  [WEIGHT_W-1:0] after
);
    localparam integer W_MAX = (1 << WEIGHT_W) - 1;
    wire capture = hits[0], minus = hits[1], search = hits[2], backoff = hits[3], minimum = hits[4];
    wire gate_up   = minimum | hits[5+weight];       // B(min) or F(w)
    wire gate_down = minimum | hits_down[5+weight];

    integer change;
    always @* begin
        change = 0;
        case ({spike, winner})
            2'b11: if (early) change = (capture && gate_up) ? 1 : 0;       // R1
                   else       change = (minus && gate_down) ? -1 : 0;      // R2
            2'b10:            change = search ? 1 : 0;                     // R3
            2'b01:            change = (backoff && gate_down) ? -1 : 0;    // R4
            default:          change = 0;                                  // R5
        endcase
        if (!learn)                                         after = weight;
        else if (change > 0 && weight != W_MAX[WEIGHT_W-1:0]) after = weight + 1'b1;
        else if (change < 0 && weight != 0)                 after = weight - 1'b1;
        else                                                after = weight;
    end
endmodule
