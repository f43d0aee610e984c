// The ramp of one synapse is the count of the clocks in which it rises (rules S2, S4): for all times x, weights w and unit clocks t
//
//     min(max(t - x + 1, 0), w) = min(max(t - x, 0), w) + rise(t),    rise(t) = 1 if t >= x and t - x < w, else 0,
//
// the ramp is 0 before its spike, and it does not rise any more at and after the horizon t_in_max + w_max (rule T3). For steps (S3) the same
// with w for the ramp's height and rise(t) = w in the clock x. Sums over synapses follow because integer addition is associative.
module theorem (
    input  wire [5:0] x,
    input  wire [5:0] w,
    input  wire [7:0] t,
    input  wire [5:0] t_in_max,
    input  wire [5:0] w_max,
    output wire       holds
);
    function [9:0] ramp(input integer after, input [5:0] height);
        integer up;
        begin
            up   = (after < 0) ? 0 : after;
            ramp = (up < height) ? up : height;
        end
    endfunction

    wire        legal     = x <= t_in_max && w <= w_max;
    wire [9:0]  rise      = (t >= x && t - x < w) ? 10'd1 : 10'd0;
    wire [9:0]  step      = (t >= x) ? w : 10'd0;
    wire [9:0]  before    = (t > x) ? w : 10'd0;
    wire [9:0]  step_rise = (t == x) ? w : 10'd0;
    (* keep *) wire [9:0] now  = ramp(t - x + 1, w);
    (* keep *) wire [9:0] then_ = ramp(t - x, w);

    wire counted = now == then_ + rise && step == before + step_rise;
    wire started = t != 0 || (then_ == 0 && before == 0);
    wire ended   = !legal || (!(t >= t_in_max + w_max) || rise == 0) && (!(t > t_in_max) || step_rise == 0);
    assign holds = counted && started && ended;
endmodule
