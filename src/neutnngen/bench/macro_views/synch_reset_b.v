// What synch_reset_b stands for: a register with a synchronous reset, active low.
module ref_synch_reset_b (input wire CLK, input wire D, input wire RST_B, output reg Q);
    always @(posedge CLK) begin
        if (!RST_B) Q <= 1'b0;
        else        Q <= D;
    end
endmodule
