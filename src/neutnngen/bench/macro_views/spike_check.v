// spike_input of the RTL against spike_input_macro, from every age with every input, and what both are after the edge.
`timescale 1ns / 1ps
module check;
    reg clk = 1'b0, clear, spike, decided;
    wire [2:0] remaining_a, remaining_b;
    wire early_a, early_b;
    integer age, n, k, count, wrong;

    spike_input #(.AGE_W(3)) dut_a (.clk(clk), .clear(clear), .spike(spike), .decided(decided), .remaining(remaining_a), .early(early_a));
    spike_input_macro dut_b (.clk(clk), .clear(clear), .spike(spike), .decided(decided), .remaining(remaining_b), .early(early_b));

    task compare;
        begin
            #1;
            count = count + 1;
            if ({remaining_a, early_a} !== {remaining_b, early_b} || (^{remaining_a, early_a}) === 1'bx) wrong = wrong + 1;
        end
    endtask
    task edge_of_clock;
        begin
            #1 clk = 1'b1;
            #1 clk = 1'b0;
        end
    endtask

    initial begin
        count = 0;
        wrong = 0;
        for (age = 0; age < 8; age = age + 1)
            for (n = 0; n < 8; n = n + 1) begin
                {clear, spike, decided} = 3'b100;
                edge_of_clock;
                {clear, spike, decided} = 3'b010;
                for (k = 0; k < age; k = k + 1) edge_of_clock;
                {clear, spike, decided} = n[2:0];
                compare;
                edge_of_clock;
                {clear, spike, decided} = 3'b010;  // shows the whole age
                compare;
                {clear, spike, decided} = 3'b000;
                compare;
            end
        $display("@value vectors %0d", count);
        $display("@value known %0d", count);
        $display("@value mismatches %0d", wrong);
        $finish;
    end
endmodule
