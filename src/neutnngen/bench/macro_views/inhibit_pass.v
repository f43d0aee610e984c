// What inhibit_pass stands for: a latch that keeps its bit while it is inhibited.
module ref_inhibit_pass (input wire DATA_IN, input wire INHIBIT, output reg OUT);
    always @* if (!INHIBIT) OUT = DATA_IN;
endmodule
