// A segment whose threshold rises with its bias (rules G1, R12); else as `neuron`.
module biased_neuron #(
    parameter integer TERMS       = 8,
    parameter integer TERM_W      = 1,
    parameter integer POTENTIAL_W = 6,
    parameter integer THRESHOLD   = 12,
    parameter integer BIAS_W      = 3
) (
    input  wire                    clk,
    input  wire                    clear,
    input  wire [TERMS*TERM_W-1:0] contributions,
    input  wire [BIAS_W-1:0]       bias,
    output wire [POTENTIAL_W-1:0]  level,
    output wire                    fire
);
    // One bit more than the wider of the two, so that threshold and bias cannot overflow (rule A1).
    localparam integer COMPARE_W = ((POTENTIAL_W > BIAS_W) ? POTENTIAL_W : BIAS_W) + 1;

    wire below;
    neuron #(.TERMS(TERMS), .TERM_W(TERM_W), .POTENTIAL_W(POTENTIAL_W), .THRESHOLD(THRESHOLD)) segment (
        .clk(clk), .clear(clear), .contributions(contributions), .level(level), .fire(below)
    );
    wire unused = &{1'b0, below};

    assign fire = (COMPARE_W'(level) >= COMPARE_W'(THRESHOLD) + COMPARE_W'(bias));
endmodule
