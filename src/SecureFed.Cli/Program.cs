using SecureFed.Cli;

return await SecureFedCommand.RunAsync(args, Console.Out, Console.Error);
